"""Videos over OpenRouter: submitted, polled, and told of by signed callbacks."""
