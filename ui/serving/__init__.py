"""How the page is served to strangers: what a request may do, how many at once, and what it leaves behind."""
