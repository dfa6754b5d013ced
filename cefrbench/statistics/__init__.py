"""Statistics: intervals, paired tests, residuals; the same for show, compare and pages."""
