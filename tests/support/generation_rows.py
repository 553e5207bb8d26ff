"""The row that the read model should hold of a generation, made from its stream."""

from domain.generations.generation import Generation
from projections.generations.rows import GenerationRow


def row_of(generation: Generation) -> GenerationRow:
    """Every field is called the same in both, but the position of the first fact, which only the log knows."""
    names = [name for name in GenerationRow.__struct_fields__ if name != "created_position"]
    return GenerationRow(**{name: getattr(generation, name) for name in names}, created_position=0)
