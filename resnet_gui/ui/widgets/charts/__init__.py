"""Line charts painted by the program itself: values on hover, zoom, pictures and tables to save."""
