"""Say it: the HTML page and its figures."""
