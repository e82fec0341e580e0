"""Reports: expansions and verdicts as LaTeX, HTML and PDF, and pictures of the sharing."""
