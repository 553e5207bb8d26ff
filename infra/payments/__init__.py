"""Who takes the money: Stripe, or the test till where no real one is connected."""
