"""builtin/voice-1: letters to vowels and noises by rule. A formant synthesiser like a robot of old; it is not human speech."""
