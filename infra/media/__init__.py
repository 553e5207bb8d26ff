"""Files that others sent, looked at before they are stored. The looking runs in child processes: a decoder may be attacked."""
