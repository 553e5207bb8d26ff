"""What is called at places that others named: the refusal of a URL, and what comes back."""
