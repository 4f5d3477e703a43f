"""What an output directory holds, for people: the dataset card and a page to look at."""
