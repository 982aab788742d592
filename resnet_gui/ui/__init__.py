"""The window. No torch here: whoever builds the window passes the work in as factories."""
