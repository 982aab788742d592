"""Photos that a person sorts into classes by hand, before they are a folder. No torch, no Qt."""
