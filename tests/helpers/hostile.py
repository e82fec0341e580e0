"""Names that LaTeX, HTML or a file system would act on."""

HOSTILE = [
    r"_ $ % & # { } ~ ^ \ < > \" '",
    r"\input{/etc/passwd}",
    r"\end{document}",
    "-->",
    "<script>alert(1)</script>",
    "--- ,, << >> !` ?` '' ``",
    "^^5cinput{x}",
    "ünïcödé Ä × ÷ · → ⊥ … – — 層 🙂 \u202e \ufeff",
    "tab\tnew\nline\x00\x1b\x7f",
    "%" * 5 + "\\" * 3,
    "{{ 7 * 7 }} {% raw %} <<! 1 !>> <<% x %>>",
]
