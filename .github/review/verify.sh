# Make a result again and leave the record in `verified`, whatever it says: status 3 (it doesn't agree) is a record too.
set -euo pipefail
status=0
if [ -n "$NONCE" ]; then
    curl --fail --location --proto '=https' --proto-redir '=https' --max-filesize 20G \
        --output openings.safetensors -- "$OPENINGS"
    cefrbench results verify "$RESULT" --nonce "$NONCE" --sample "$SAMPLE" \
        --openings openings.safetensors --by "$BY" --quiet || status=$?
else
    cefrbench reproduce "$RESULT" --by "$BY" --quiet || status=$?
fi
[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
