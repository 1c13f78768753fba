"""NotebookFigure: matplotlib's Figure that a notebook shows by itself; imported when a plot is made, no sooner."""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A Figure that a notebook also shows where nobody has imported pyplot or chosen a backend.

    Where somebody has, their formatter goes first, and this one is not asked: either way it is shown once.
    """

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=100)
        return file.getvalue()
