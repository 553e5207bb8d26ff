"""What operators do with the fleet and with everybody's work. Each order is a fact on its operator's own stream."""
