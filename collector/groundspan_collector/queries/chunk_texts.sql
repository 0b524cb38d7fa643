SELECT project, hash, any(text) AS text
FROM chunks
WHERE project IN {projects:Array(String)} AND hash IN {hashes:Array(UInt128)}
GROUP BY project, hash
