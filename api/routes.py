"""The table of contents of the API: URL -> endpoint, with what each needs, takes and answers. Alphabetical by template."""

from api.kit.route import Route

ROUTES: list[Route] = []
