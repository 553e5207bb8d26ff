"""What KIE's APIs share: the envelope with a status of its own, uploads, and callbacks whose body nobody signs."""
