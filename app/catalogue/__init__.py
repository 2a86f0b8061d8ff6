"""Skills, job categories and places, as data: the files in `data/` and the code that searches them."""
