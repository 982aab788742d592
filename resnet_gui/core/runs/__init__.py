"""A run as its files: settings, events, directory, checkpoint, history.

Training writes them; the Lab, the window and the command line read them.
"""
