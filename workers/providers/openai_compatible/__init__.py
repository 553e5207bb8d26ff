"""Servers that speak OpenAI's language: chat completions with images in the answer, and /images/generations."""
