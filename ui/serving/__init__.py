"""How the page is served to strangers: what a request may do, how much at once, and what it leaves behind."""
