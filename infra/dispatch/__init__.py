"""Work rows as workers, dispatcher, scheduler and operators see them."""
