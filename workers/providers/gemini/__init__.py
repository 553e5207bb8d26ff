"""Google Gemini in its own language: texts, analyses, pictures and edits by `generateContent`."""
