"""Who may call: principals, sessions and the ports that make them."""
