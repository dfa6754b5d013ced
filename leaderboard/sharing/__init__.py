"""What carries the site elsewhere: addresses, previews, feeds, badges, citations, data."""
