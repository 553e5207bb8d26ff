"""The documents the API serves about itself: the OpenAPI document, a page for people, a page for each problem."""
