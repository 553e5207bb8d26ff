"""KIE's Runway: clips of 5 or 10 seconds from words or a first frame."""
