"""Evidence for a box: held-out counts, the choice by them, stability, and what each limit costs."""
