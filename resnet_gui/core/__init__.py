"""The engine: everything that has a result. No Qt here, so that it also runs on a GPU server."""
