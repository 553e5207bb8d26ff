"""What passes while generations run, through Redis: hints between processes, texts as far as they are written, places, tickets."""
