"""Make classes: from loose photos to a class folder, inside the window."""
