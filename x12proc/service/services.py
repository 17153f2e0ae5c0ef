"""What every route needs, put together once."""

from __future__ import annotations

from starlette.requests import Request

from x12proc.service.api.scrub_options import ScrubOptions, answer_settings
from x12proc.service.db.store import Store
from x12proc.service.jobs.pool import Jobs
from x12proc.service.metrics import Metrics
from x12proc.service.options import Options
from x12proc.service.scrubbing import Scrubbing


class Services:
    """The parts of one service."""

    def __init__(self, options: Options) -> None:
        """Raises ConfigError when the data folder or the configuration can't be used."""
        self.options = options
        self.settings = answer_settings(options.config, ScrubOptions())
        self.store = Store(options.data)
        self.jobs = Jobs(options)
        self.metrics = Metrics(lambda: self.jobs.taken, self.jobs.most)
        self.scrubbing = Scrubbing(self.store, self.jobs, self.metrics, options)


def get_services(request: Request) -> Services:
    """The desk of the service that a request goes to."""
    desk: Services = request.app.state.desk
    return desk
