"""An explanation as files: a page, figures and tables. Sentences and figures are its own."""
