"""ElevenLabs: speech from text, answered as the bytes of a recording."""
