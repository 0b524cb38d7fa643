-- How long texts are: `text` is a number of bytes.
SELECT project, hash, any(length(chunks.text)) AS text
FROM chunks
WHERE project IN {projects:Array(String)} AND hash IN {hashes:Array(UInt128)}
GROUP BY project, hash
