"""What is asked: `upstream` is the path `owner/app[/sub-path]`, the body is the model's own input."""

from urllib.parse import quote, urlencode

from domain.providers.jobs import Job


def path_of(job: Job, callback_url: str | None) -> str:
    query = f"?{urlencode({'fal_webhook': callback_url})}" if callback_url else ""
    return f"/{quote(job.upstream, safe='/-._')}{query}"
