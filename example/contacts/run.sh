#!/usr/bin/env bash
# Finds the interface of a protein complex: every pair of residues of two different chains that
# have heavy atoms within 5 angstroms of each other.
#
#   reads   the first *.pdb of the working directory: its first model, its ATOM records
#   writes  contacts.csv and summary.txt
#   needs   bash and any awk
#
# CONTACT_CUTOFF=5.5 bash run.sh uses another distance, in angstroms.
set -euo pipefail
export LC_ALL=C

shopt -s nullglob
structures=(*.pdb)
if ((${#structures[@]} == 0)); then
  echo "run.sh: there is no .pdb file in the working directory; submit one along with run.sh" >&2
  exit 1
fi

awk -v file="${structures[0]}" -v cutoff="${CONTACT_CUTOFF:-5.0}" '
function fail(why) { print "run.sh: " why > "/dev/stderr"; failed = 1; exit 1 }

function trim(text) { gsub(/^ +| +$/, "", text); return text }

# Columns are read as numbers only if they hold one: an awk would take anything else for 0.
function coordinate(from,   text) {
  text = substr($0, from, 8)
  if (text !~ /^ *[-+]?[0-9]+[.]?[0-9]* *$/) fail(file " line " NR ": no coordinates in the ATOM record")
  return text + 0
}

# The element column is often missing in files that programs wrote; the atom name tells then.
function is_hydrogen(   element, name) {
  element = trim(substr($0, 77, 2))
  if (element ~ /^[A-Za-z]+$/) return element == "H" || element == "D"
  name = trim(substr($0, 13, 4))
  return name ~ /^[0-9]*[HD]/
}

function property(name) {
  if (name ~ /^(ASP|GLU|HIS|LYS|ARG)$/) return "charged"
  if (name ~ /^(ASN|GLN|SER|THR)$/) return "polar"
  if (name ~ /^(ALA|CYS|GLY|ILE|LEU|MET|PHE|PRO|TRP|TYR|VAL)$/) return "apolar"
  return "other"
}

function residue_label(r) { return chain_id[chain_of[r]] " " name_of[r] " " number_of[r] }

# Which residue the record in $0 belongs to, made known when it is the first of it.
function residue_here(   chain, number, key) {
  chain = substr($0, 22, 1)
  if (chain == " ") chain = "_"
  number = trim(substr($0, 23, 5))
  key = chain SUBSEP number
  if (key in residue_index) return residue_index[key]
  if (!(chain in chain_index)) {
    chain_index[chain] = ++chains
    chain_id[chains] = chain
    if (chains > 1) chain_list = chain_list ", "
    chain_list = chain_list chain
  }
  residue_index[key] = ++residues
  chain_of[residues] = chain_index[chain]
  number_of[residues] = number
  name_of[residues] = trim(substr($0, 18, 3))
  residues_in[chain_index[chain]]++
  return residues
}

# Keeps the shorter of the distances between the residues of two atoms, the earlier one first.
function meet(i, j, square,   r, s, key, k) {
  r = residue_of[i]; s = residue_of[j]
  if (r > s) { k = r; r = s; s = k; k = i; i = j; j = k }
  key = r SUBSEP s
  if (!(key in nearest)) {
    contacts++
    for (k = ++partners[r]; k > 1 && partner[r, k - 1] > s; k--) partner[r, k] = partner[r, k - 1]
    partner[r, k] = s
  } else if (square >= nearest[key]) return
  nearest[key] = square
  if (closest == "" || square < closest) {
    closest = square
    closest_pair = residue_label(r) " " atom_name[i] " - " residue_label(s) " " atom_name[j]
  }
}

# Compares an atom with the earlier ones in the 27 cells around it, then puts it into its own cell.
# A cell is as wide as the cut-off, so nothing within reach is further away than one cell.
function place(i,   cx, cy, cz, a, b, c, cell, j, dx, dy, dz, square) {
  cx = int((x[i] + 10000) / cutoff); cy = int((y[i] + 10000) / cutoff); cz = int((z[i] + 10000) / cutoff)
  for (a = cx - 1; a <= cx + 1; a++) for (b = cy - 1; b <= cy + 1; b++) for (c = cz - 1; c <= cz + 1; c++) {
    cell = a " " b " " c
    if (!(cell in last_in)) continue
    for (j = last_in[cell]; j; j = before[j]) {
      if (chain_of[residue_of[i]] == chain_of[residue_of[j]]) continue
      dx = x[i] - x[j]; dy = y[i] - y[j]; dz = z[i] - z[j]
      square = dx * dx + dy * dy + dz * dz
      if (square <= cutoff * cutoff) meet(i, j, square)
    }
  }
  cell = cx " " cy " " cz
  before[i] = (cell in last_in) ? last_in[cell] : 0
  last_in[cell] = i
}

function write_contacts(   r, k, s, kind) {
  print "chain_1,residue_1,name_1,chain_2,residue_2,name_2,distance_A" > "contacts.csv"
  for (r = 1; r <= residues; r++) for (k = 1; k <= partners[r]; k++) {
    s = partner[r, k]
    printf "%s,%s,%s,%s,%s,%s,%.2f\n", chain_id[chain_of[r]], number_of[r], name_of[r], \
      chain_id[chain_of[s]], number_of[s], name_of[s], sqrt(nearest[r, s]) > "contacts.csv"
    at_interface[r] = at_interface[s] = 1
    kind = property(name_of[r]) "-" property(name_of[s])
    if (!(kind in canonical)) kind = property(name_of[s]) "-" property(name_of[r])
    composition[(kind in canonical) ? kind : "other"]++
  }
  close("contacts.csv")
}

function write_summary(   c, r, k, found) {
  out = "summary.txt"
  printf "%-18s%s\n", "accession", (accession == "" ? "unknown" : accession) > out
  printf "%-18s%s\n", "title", (title == "" ? "unknown" : title) > out
  printf "%-18s%s\n", "file", file > out
  printf "%-18s%s A between heavy atoms\n", "cut-off", cutoff_text > out
  for (r = 1; r <= residues; r++) if (r in at_interface) found[chain_of[r]]++
  for (c = 1; c <= chains; c++)
    printf "%-18s%d heavy atoms, %d residues, %d of them at the interface\n", \
      "chain " chain_id[c], atoms_in[c], residues_in[c], found[c] > out
  printf "%-18s%d\n", "contacts", contacts > out
  if (contacts) printf "%-18s%s, %.2f A\n", "closest pair", closest_pair, sqrt(closest) > out
  for (k = 1; k <= kinds; k++) printf "%-18s%d\n", kind_list[k], composition[kind_list[k]] > out
  close(out)
}

BEGIN {
  if (cutoff !~ /^[0-9]+[.]?[0-9]*$/ || cutoff + 0 < 1 || cutoff + 0 > 20)
    fail("CONTACT_CUTOFF is \"" cutoff "\"; it must be a distance from 1 to 20 angstroms")
  cutoff_text = cutoff; cutoff += 0; contacts = 0
  kinds = split("charged-charged charged-polar charged-apolar polar-polar polar-apolar apolar-apolar other", kind_list, " ")
  for (k = 1; k < kinds; k++) canonical[kind_list[k]] = 1
  print "reading " file
}

{ sub(/\r$/, "") }
/^HEADER/ { accession = trim(substr($0, 63, 4)) }
/^TITLE / { title = trim(title " " trim(substr($0, 11, 70))) }
/^ENDMDL/ { exit }
/^ATOM  / {
  if (is_hydrogen()) next
  r = residue_here()
  name = trim(substr($0, 13, 4))
  if ((r, name) in seen) next  # another position of an atom that we have: the first one counts
  seen[r, name] = 1
  residue_of[++atoms] = r
  atom_name[atoms] = name
  x[atoms] = coordinate(31); y[atoms] = coordinate(39); z[atoms] = coordinate(47)
  atoms_in[chain_of[r]]++
}

END {
  if (failed) exit 1
  if (!atoms) fail(file " has no ATOM records")
  if (chains < 2) fail(file " has only one chain (" chain_list "); contacts are counted between chains")
  print "comparing " atoms " atoms in " residues " residues of chains " chain_list
  for (i = 1; i <= atoms; i++) place(i)
  write_contacts()
  write_summary()
  print "found " contacts " contacts; see contacts.csv and summary.txt"
}
' "./${structures[0]}"
