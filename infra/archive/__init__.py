"""The archive: segments of the log as files in the object store."""
