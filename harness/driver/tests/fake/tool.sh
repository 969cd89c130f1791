#!/bin/sh
# Stands for docker or kind in tests: notes its call and does what the file beside its link says.
here=$(dirname "$0")
name=$(basename "$0")
echo "$name $*" >> "$here/calls"
. "$here/$name.case"
