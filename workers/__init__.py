"""What is done: dispatch, generation work, provider adapters. Knows the ports of `domain`, never their adapters."""
