"""The shared components of one service, and the FastAPI dependency that returns them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from x12proc.record.store import create_folder
from x12proc.service.api.scrub_options import ScrubOptions, settings_for
from x12proc.service.db.store import Store, record_folder
from x12proc.service.jobs.pool import Jobs
from x12proc.service.metrics import Metrics
from x12proc.service.options import ServiceOptions
from x12proc.service.scrubbing import Scrubbing
from x12proc.service.sign_in_limit import SignInLimit


class Services:
    """The store, workers, metrics and settings of one service."""

    def __init__(self, options: ServiceOptions) -> None:
        """Open the data folder and load the configuration. Raises ConfigError when either can't be used."""
        self.options = options
        self.settings = settings_for(options.config, ScrubOptions())
        self.store = Store(options.data)
        create_folder(record_folder(options.data))
        self.jobs = Jobs(options)
        self.metrics = Metrics(lambda: self.jobs.slots_used, self.jobs.slots)
        self.sign_in_limit = SignInLimit()
        self.scrubbing = Scrubbing(self.store, self.jobs, self.metrics, options)


def get_services(request: Request) -> Services:
    """Return the services of the application that a request is sent to."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]
