"""The contacts example: what run.sh finds is compared with every atom against every other."""

import csv
import math
import os
import shutil
import subprocess
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "example" / "contacts"
CUTOFF_A = 5.0

type_of = dict.fromkeys(("ASP", "GLU", "HIS", "LYS", "ARG"), "charged")
type_of |= dict.fromkeys(("ASN", "GLN", "SER", "THR"), "polar")
type_of |= dict.fromkeys(
    ("ALA", "CYS", "GLY", "ILE", "LEU", "MET", "PHE", "PRO", "TRP", "TYR", "VAL"), "apolar"
)

Position = tuple[float, float, float]
Residue = tuple[str, str, str]


def atoms_by_residue(structure: Path) -> dict[Residue, list[Position]]:
    residues: dict[Residue, list[Position]] = {}
    for line in structure.read_text(encoding="ascii").splitlines():
        if line.startswith("ATOM  ") and line[76:78].strip() != "H":
            residue = (line[21], line[22:27].strip(), line[17:20].strip())
            position = (float(line[30:38]), float(line[38:46]), float(line[46:54]))
            residues.setdefault(residue, []).append(position)
    return residues


def contacts_by_brute_force(structure: Path) -> dict[tuple[Residue, Residue], float]:
    contacts = {}
    for (one, its_atoms), (other, their_atoms) in combinations(
        atoms_by_residue(structure).items(), 2
    ):
        nearest = min(math.dist(a, b) for a in its_atoms for b in their_atoms)
        if one[0] != other[0] and nearest <= CUTOFF_A:
            contacts[one, other] = nearest
    return contacts


def contacts_in(table: Path) -> dict[tuple[Residue, Residue], float]:
    with table.open(encoding="ascii", newline="") as lines:
        rows = list(csv.reader(lines))
    assert ",".join(rows[0]) == "chain_1,residue_1,name_1,chain_2,residue_2,name_2,distance_A"
    contacts = {((a, b, c), (d, e, f)): float(distance) for a, b, c, d, e, f, distance in rows[1:]}
    assert len(contacts) == len(rows) - 1, "a pair of residues is listed twice"
    return contacts


def facts_in(summary: Path) -> dict[str, str]:
    lines = summary.read_text(encoding="ascii").splitlines()
    return {line[:18].strip(): line[18:] for line in lines}


def run_contacts(directory: Path) -> subprocess.CompletedProcess[str]:
    shutil.copy(EXAMPLE / "run.sh", directory)
    return subprocess.run(
        ["bash", "run.sh"],
        cwd=directory,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def atom(
    name: str,
    residue: str,
    chain: str,
    number: int,
    x: float,
    *,
    record: str = "ATOM",
    insertion: str = " ",
    position: str = " ",
) -> str:
    return (
        f"{record:<6}    1  {name:<3}{position}{residue:>3} {chain}{number:>4}{insertion}"
        f"   {x:8.3f}{0.0:8.3f}{0.0:8.3f}  1.00  0.00          {name[0]:>2}"
    )


def write_structure(directory: Path, *lines: str) -> None:
    (directory / "made-up.pdb").write_text("\n".join([*lines, "END", ""]), encoding="ascii")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("contacts")
    shutil.copy(EXAMPLE / "complex.pdb", directory)
    finished = run_contacts(directory)
    assert finished.returncode == 0, finished.stderr
    assert "28 contacts" in finished.stdout
    return directory


def test_the_contacts_are_those_that_brute_force_finds(results: Path) -> None:
    expected = contacts_by_brute_force(EXAMPLE / "complex.pdb")
    assert len(expected) == 28
    assert contacts_in(results / "contacts.csv") == pytest.approx(expected, abs=0.00501)


def test_the_contacts_come_in_the_order_of_the_chain(results: Path) -> None:
    pairs = list(contacts_in(results / "contacts.csv"))
    assert pairs == sorted(pairs, key=lambda pair: (int(pair[0][1]), int(pair[1][1])))


def test_the_summary_says_what_was_counted(results: Path) -> None:
    facts = facts_in(results / "summary.txt")
    assert facts["accession"] == "2OOB"
    assert facts["title"].endswith("UBIQUITIN LIGASE IN COMPLEX WITH UBIQUITIN")
    assert facts["chain A"] == "350 heavy atoms, 44 residues, 10 of them at the interface"
    assert facts["chain B"] == "574 heavy atoms, 72 residues, 13 of them at the interface"
    assert facts["contacts"] == "28"
    assert facts["closest pair"] == "A ASP 933 OD1 - B ALA 46 N, 2.76 A"


def test_the_composition_adds_up_to_the_contacts(results: Path) -> None:
    pairs = contacts_by_brute_force(EXAMPLE / "complex.pdb")
    expected = Counter(frozenset((type_of[one[2]], type_of[other[2]])) for one, other in pairs)
    facts = facts_in(results / "summary.txt")
    kinds = ["charged-charged", "charged-polar", "charged-apolar"]
    kinds += ["polar-polar", "polar-apolar", "apolar-apolar"]
    assert [int(facts[kind]) for kind in kinds] == [
        expected[frozenset(kind.split("-"))] for kind in kinds
    ]
    assert facts["other"] == "0"


def test_hydrogens_water_other_positions_and_further_models_do_not_count(tmp_path: Path) -> None:
    write_structure(
        tmp_path,
        "MODEL        1",
        atom("CA", "GLY", "A", -1, -3.0),
        atom("H", "GLY", "A", -1, 0.0),
        atom("CA", "SER", "B", 7, 2.0, insertion="A", position="A"),
        atom("CA", "SER", "B", 7, 0.0, insertion="A", position="B"),
        atom("O", "HOH", "B", 8, 0.0, record="HETATM"),
        "ENDMDL",
        "MODEL        2",
        atom("CA", "GLY", "A", -1, 2.0),
        "ENDMDL",
    )
    assert run_contacts(tmp_path).returncode == 0
    expected = {(("A", "-1", "GLY"), ("B", "7A", "SER")): 5.0}
    assert contacts_in(tmp_path / "contacts.csv") == expected


def test_chains_out_of_reach_have_no_contacts_and_that_is_no_failure(tmp_path: Path) -> None:
    write_structure(tmp_path, atom("CA", "GLY", "A", 1, 0.0), atom("CA", "GLY", "B", 1, 5.001))
    assert run_contacts(tmp_path).returncode == 0
    assert contacts_in(tmp_path / "contacts.csv") == {}
    assert facts_in(tmp_path / "summary.txt")["contacts"] == "0"


def test_without_a_structure_it_fails_and_says_so(tmp_path: Path) -> None:
    finished = run_contacts(tmp_path)
    assert finished.returncode == 1
    assert "there is no .pdb file in the working directory" in finished.stderr


def test_with_a_single_chain_it_fails_and_leaves_nothing(tmp_path: Path) -> None:
    write_structure(tmp_path, atom("CA", "GLY", "A", 1, 0.0))
    finished = run_contacts(tmp_path)
    assert finished.returncode == 1
    assert "made-up.pdb has only one chain (A)" in finished.stderr
    assert not (tmp_path / "contacts.csv").exists()


def test_a_record_without_coordinates_is_not_taken_for_the_origin(tmp_path: Path) -> None:
    write_structure(tmp_path, atom("CA", "GLY", "A", 1, 0.0), atom("CA", "GLY", "B", 1, 1.0)[:40])
    finished = run_contacts(tmp_path)
    assert finished.returncode == 1
    assert "made-up.pdb line 2: no coordinates" in finished.stderr
