"""The figures in Locust's web page and in its HTML report."""
