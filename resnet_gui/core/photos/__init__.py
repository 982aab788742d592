"""From a file to pixels: decoding, preprocessing, collecting folders, reading ahead."""
