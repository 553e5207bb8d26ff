"""KIE's Veo: clips of 8 seconds with sound from words, first and last frames, or reference pictures."""
