"""The files that go on to the clearinghouse: the corrected file of a run, and releases of its claims."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import func, select, text
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from x12proc.errors import X12ProcError
from x12proc.service.api.upload import EDI
from x12proc.service.db.tables import DONE, Release, Run
from x12proc.service.errors import HttpError
from x12proc.service.jobs.corrected_file import write_corrected
from x12proc.service.jobs.pool import JobFailed
from x12proc.service.jobs.release import Refused, ReleaseJob, Which, release_claims, release_path
from x12proc.service.services import Services

# Without a name: a sender's file name may identify a patient, and headers are logged. Links of pages name it.
_DOWNLOAD = {"Content-Disposition": "attachment"}


async def corrected_response(services: Services, run: Run) -> FileResponse:
    """Return the submitted file with the edited claims. Raises HttpError."""
    if run.state != DONE:
        raise HttpError(404, "no-such-file", "The file has not been scrubbed")
    target = services.store.run_folder(run.id) / f"corrected-{secrets.token_hex(8)}.edi"
    try:
        await services.jobs.run_file_job(write_corrected, services.store.folder, run.id, target)
    except JobFailed:
        target.unlink(missing_ok=True)
        raise HttpError(503, "job-failed", "The file could not be written in time; try again") from None
    cleanup = BackgroundTask(target.unlink, missing_ok=True)
    return FileResponse(target, headers=_DOWNLOAD, media_type=EDI, background=cleanup)


async def release(services: Services, run_id: str, by: str, which: Which) -> str:
    """Release claims of a run and return the release's id. Raises HttpError 409 when there is none to release."""
    job = ReleaseJob(data=services.store.folder, config=services.options.config, run_id=run_id, by=by, which=which)
    try:
        done = await services.jobs.run_file_job(release_claims, job)
    except (JobFailed, OSError, X12ProcError):
        raise HttpError(503, "job-failed", "The claims could not be released; none was. Try again") from None
    if isinstance(done, Refused):
        raise HttpError(409, done.code, done.message)
    return done


def list_releases(services: Services, run_id: str) -> list[Release]:
    """Return the releases of a run, in order."""
    with services.store.reading() as session:
        found = select(Release).where(Release.run_id == run_id).order_by(Release.at, text("releases.rowid"))
        return list(session.scalars(found))


def release_response(services: Services, run: Run, release_id: str) -> FileResponse:
    """Return the file of a release. Raises HttpError."""
    with services.store.reading() as session:
        known = select(func.count()).where(Release.id == release_id, Release.run_id == run.id)
        if not session.scalar(known):
            raise HttpError(404, "no-such-release", "The run has no such release")
    path = release_path(services.store.run_folder(run.id), release_id)
    return FileResponse(path, headers=_DOWNLOAD, media_type=EDI)


def release_document(entry: Release) -> dict[str, Any]:
    """Return a release as JSON responses show it."""
    return {
        "id": entry.id,
        "at": entry.at,
        "by": entry.by,
        "target_claims": entry.target_claims,
        "other_claims": entry.other_claims,
    }
