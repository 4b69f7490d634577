"""Tasks whose prompts carry instructions that a program verifies. It knows no benchmark.

instruction    what an instruction is: its checks, its arguments, its defects
prompts        reads and validates a prompt file
task           strict, loose, both modes
"""

from assay.tasks.instructions.instruction import Argument, Check, Instruction, Instructions
from assay.tasks.instructions.prompts import read_prompts
from assay.tasks.instructions.task import InstructionTask

__all__ = ["Argument", "Check", "Instruction", "InstructionTask", "Instructions", "read_prompts"]
