"""Registrations of architectures: one file a family. No torch here."""
