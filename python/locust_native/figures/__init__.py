"""The figures as a person sees them: `page` in Locust's web page, `report` in its HTML report."""
