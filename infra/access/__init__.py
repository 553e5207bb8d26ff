"""Who may come in: passwords, access tokens, refresh tokens, API tokens, and what is known of each account."""
