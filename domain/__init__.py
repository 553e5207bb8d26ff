"""What may happen. Pure: no I/O, no clock, no random numbers, no framework but `eventsourcing`'s domain classes."""
