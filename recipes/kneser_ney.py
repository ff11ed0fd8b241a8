"""An n-gram language model over token ids, to measure a neural one against: interpolated modified Kneser-Ney."""

from __future__ import annotations

import torch


class KneserNey:
    """Interpolated modified Kneser-Ney (Chen & Goodman 1999), counted on rows of ids that begin and end with END.

    The probability of an id after a context of ``order`` - 1 ids is its count less a discount, over the count of the
    context; what the discounts set free goes to the same model with a context that is one id shorter, and at last to
    all ids alike. There are three discounts for each order: for counts of 1, of 2, and of 3 or more. Below the highest
    order, an n-gram counts as often as different ids stand before it; one at the beginning of a row, where nothing
    stands before it, counts as often as it occurs. The context of an id near the beginning of a row is what there is.

    >>> rows = [[0, 1, 2, 1, 2, 0], [0, 1, 1, 0], [0, 1, 2, 2, 1, 0]]
    >>> model = KneserNey(rows, entries=3, order=3)
    >>> context = [0, 1]
    >>> each = [model.probabilities([[*context, after]])[-1].item() for after in range(3)]
    >>> [round(probability, 3) for probability in each], round(sum(each), 6)
    ([0.129, 0.243, 0.629], 1.0)
    """

    def __init__(self, rows: list[list[int]], entries: int, order: int = 5) -> None:
        self.entries, self.order = entries, order
        ids, place = self._flat(rows)
        #: For each order from 2: the n-grams as sorted codes, (number of the n-gram before its last id) * entries + id.
        self.codes: list[torch.Tensor] = []
        counts, first, shorter = [torch.bincount(ids[place > 0], minlength=entries)], [], ids
        suffixes: list[torch.Tensor] = []
        for length in range(2, order + 1):
            ends = (place >= length - 1).nonzero().squeeze(1)
            codes, number, often = torch.unique(
                shorter[ends - 1] * entries + ids[ends], return_inverse=True, return_counts=True
            )
            # any place where an n-gram stands tells its last length - 1 ids, and whether a row begins with it
            somewhere = torch.empty(len(codes), dtype=torch.long)
            somewhere[number] = ends
            suffixes.append(shorter[somewhere])
            first.append(place[somewhere] == length - 1)
            counts.append(often)
            self.codes.append(codes)
            shorter = torch.full_like(ids, -1)
            shorter[ends] = number
        for length in range(1, order):
            before = torch.bincount(suffixes[length - 1], minlength=len(counts[length - 1]))
            at_the_start = first[length - 2] if length > 1 else torch.zeros(entries, dtype=torch.bool)
            counts[length - 1] = torch.where(at_the_start, counts[length - 1], before)
        self.kept: list[torch.Tensor] = []
        self.free: list[torch.Tensor] = []
        contexts = [torch.zeros(entries, dtype=torch.long), *(codes // entries for codes in self.codes)]
        for length, (count, context) in enumerate(zip(counts, contexts, strict=True), 1):
            many = 1 if length == 1 else len(counts[length - 2])
            discount = self._discounts(count)[count.clamp(max=3)]
            total = torch.bincount(context, count.double(), minlength=many)
            self.kept.append((count - discount).clamp(min=0) / total[context])
            self.free.append(torch.bincount(context, torch.minimum(discount, count.double()), minlength=many) / total)
        self.alone = self.kept[0] + self.free[0] / entries

    @staticmethod
    def _flat(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """(all ids, place of each in its row counted from 0)."""
        sizes = torch.tensor([len(row) for row in rows])
        starts = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
        return torch.tensor([one for row in rows for one in row]), torch.arange(len(starts)) - starts

    @staticmethod
    def _discounts(counts: torch.Tensor) -> torch.Tensor:
        """What is taken from counts of 0, 1, 2, and 3 or more: estimated from how many n-grams occur 1 to 4 times."""
        often = torch.bincount(counts.clamp(max=5), minlength=6).double()
        if not bool((often[1:5] > 0).all()):
            return torch.tensor([0, 0.5, 0.5, 0.5], dtype=torch.double)
        base = often[1] / (often[1] + 2 * often[2])
        found = [n - (n + 1) * base * often[n + 1] / often[n] for n in (1, 2, 3)]
        return torch.stack([torch.zeros_like(base), *found]).clamp(min=0)

    def probabilities(self, rows: list[list[int]]) -> torch.Tensor:
        """The probability of every id but the first of each row, after what stands before it, all in one tensor."""
        ids, place = self._flat(rows)
        found, context = self.alone[ids], ids
        for length, codes in enumerate(self.codes, 2):
            ends = ((place >= length - 1) & (context.roll(1) >= 0)).nonzero().squeeze(1)
            before = context[ends - 1]
            wanted = before * self.entries + ids[ends]
            number = torch.searchsorted(codes, wanted).clamp(max=len(codes) - 1)
            known = codes[number] == wanted
            free = self.free[length - 1][before]
            longer = torch.where(known, self.kept[length - 1][number], 0.0) + free * found[ends]
            # a context after which nothing was counted says nothing: the shorter one holds
            found[ends] = torch.where(free.isnan(), found[ends], longer)
            context = torch.full_like(ids, -1)
            context[ends] = torch.where(known, number, -1)
        return found[place > 0]

    def bits(self, rows: list[list[int]]) -> float:
        """The bits that all ids of the rows take, the first of each row excepted."""
        return -self.probabilities(rows).log2().sum().item()
