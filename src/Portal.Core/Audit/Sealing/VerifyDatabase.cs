using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Core.Audit.Exports;
using Portal.Core.Audit.Retention;
using Portal.Core.Data;
using Portal.Core.Identity;

namespace Portal.Core.Audit.Sealing;

/// <summary>
/// Compares everything that the log is made of, row by row: events with the hashes that were sealed, hashes with the tree, the tree with the signed checkpoints of the database and of the
/// checkpoint stores, and those with the database. Names the first event and field that is not as it was. Writes nothing; reads the tables past the model.
/// </summary>
public sealed class VerifyDatabase(IDbContextFactory<PortalDb> databases, IAuditReading trail, CheckpointStores stores)
{
    private const int TilesEvery = 16 * TileId.Width;

    /// <summary>Verifies.</summary>
    /// <param name="input">What.</param>
    /// <param name="progress">Told now and then how many events of how many are done.</param>
    /// <param name="actor">The portal itself, or an auditor.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SealingException">A store cannot be read.</exception>
    public async Task<Result<VerifyReport>> ExecuteAsync(VerifyInput input, Action<long, long>? progress, Actor actor, CancellationToken ct)
    {
        if (actor.Kind != ActorKind.System && actor.LacksAllOf(PortalRole.Auditor) is { } refusal)
            return refusal;
        await using var db = await databases.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var run = new Run(db, await PrunedPositions.ReadAsync(db, ct), input.MostFindings);
        var witnesses = await run.WitnessesAsync(stores, input, ct);
        var size = await LogTiles.SizeAsync(db, ct);
        foreach (var ahead in witnesses.Where(w => w.Checkpoint.Size > size).Take(1))
            run.Find($"{char.ToUpperInvariant(ahead.Where[0])}{ahead.Where[1..]} has a checkpoint of {ahead.Checkpoint.Size} events, signed {ahead.Checkpoint.Time:u}, and the log has {size}: events at its end were taken away, or the database was rolled back.", position: size);
        if (await run.StartAsync(input.From, size, ct) is not { } log)
            return run.Report(0, size, 0, null);

        var due = new Queue<Witness>(witnesses.Where(w => w.Checkpoint.Size >= log.Size).OrderBy(w => w.Checkpoint.Size));
        var held = (Count: 0, Size: log.Size, Time: (DateTimeOffset?)null);
        Compare();
        await foreach (var piece in new StoredEvents(databases, trail).ReadAsync(log.Size, size, ct))
        {
            await run.PieceAsync(log, piece, Compare, ct);
            if (log.Size % TilesEvery == 0 || log.Size == size)
                await run.CompareTilesAsync(log, ct);
            progress?.Invoke(piece.To, size);
        }

        await run.CountsAsync(size, ct);
        return run.Report(size - input.From, size - held.Size, held.Count, held.Time);

        // The roots of the checkpoints at this size, wherever they are kept.
        void Compare()
        {
            var agreed = true;
            DateTimeOffset? time = null;
            while (due.TryPeek(out var next) && next.Checkpoint.Size == log.Size)
            {
                due.Dequeue();
                time = next.Checkpoint.Time;
                if (log.Root().AsSpan().SequenceEqual(next.Checkpoint.Root))
                    continue;
                agreed = false;
                if (!run.Broken)
                    run.Find($"The first {log.Size} events are not those of the checkpoint in {next.Where}, signed {next.Checkpoint.Time:u}: an event from position {held.Size} to {log.Size - 1} was changed and everything after it hashed anew.", position: held.Size);
                run.Broken = true;
            }

            if (agreed && time is not null)
                held = (held.Count + 1, log.Size, time);
        }
    }

    private sealed record Witness(Checkpoint Checkpoint, string Note, string Where);

    private sealed class Run(PortalDb db, PrunedPositions prunable, int mostFindings)
    {
        private readonly List<VerifyFinding> _findings = [];
        private readonly byte[] _hash = new byte[MerkleTree.HashSize];
        private long _waiting;
        private long _pruned;

        /// <summary>Whether something is found that makes every later root another one.</summary>
        public bool Broken { get; set; }

        public void Find(string what, long? position = null, string? eventId = null, string? field = null)
        {
            if (_findings.Count < mostFindings)
                _findings.Add(new VerifyFinding(what, position, eventId, field));
        }

        public VerifyReport Report(long events, long unsigned, int checkpoints, DateTimeOffset? signedThrough) => new(events, _waiting, unsigned, checkpoints, signedThrough, _findings) { Pruned = _pruned };

        /// <summary>Every checkpoint that is signed by a key of the log, wherever it is kept; what is none is found.</summary>
        public async Task<IReadOnlyList<Witness>> WitnessesAsync(CheckpointStores stores, VerifyInput input, CancellationToken ct)
        {
            var witnesses = new List<Witness>();
            // The stores first: what they hold is in the database a moment later.
            var stored = new List<(string Where, List<string> Notes)>();
            foreach (var store in stores.All)
            {
                var notes = new List<string>();
                await foreach (var note in store.ReadAsync(ct))
                    notes.Add(note);
                stored.Add((store.Name, notes));
            }

            var rows = await db.AuditCheckpoints.AsNoTracking().OrderBy(c => c.Size).ToListAsync(ct);
            var keys = input.Keys is { Count: > 0 } trusted ? trusted : [.. (await db.AuditKeys.AsNoTracking().Select(k => k.Vkey).ToListAsync(ct)).Select(VerifierKey.Parse).OfType<VerifierKey>()];
            foreach (var row in rows)
                if (Read(row.Note, keys, "the database") is { } checkpoint)
                {
                    if (checkpoint.Size != row.Size || checkpoint.Time != row.Time)
                        Find($"The checkpoint of {row.Size} events in the database has another size or time in its note.", position: row.Size);
                    witnesses.Add(new Witness(checkpoint, row.Note, "the database"));
                }

            var inDatabase = rows.Select(r => r.Size).ToHashSet();
            foreach (var (where, notes) in stored)
                foreach (var note in notes)
                    if (Read(note, keys, where) is { } checkpoint)
                    {
                        witnesses.Add(new Witness(checkpoint, note, where));
                        if (note != notes[^1] && !inDatabase.Contains(checkpoint.Size))
                            Find($"The checkpoint of {checkpoint.Size} events, signed {checkpoint.Time:u}, is in {where} and not in the database.", position: checkpoint.Size);
                    }

            return witnesses;
        }

        /// <summary>The log up to where to begin; null when that cannot be had.</summary>
        public async Task<TileAppender?> StartAsync(long from, long size, CancellationToken ct)
        {
            if (from == 0)
                return new TileAppender();
            try
            {
                if (from <= size)
                    return new TileAppender(from, await LogTiles.LoadAsync(db, TileAppender.Edge(from), ct));
                Find($"The log has {size} events, and not the {from} from which to go on.", position: size);
            }
            catch (InvalidDataException damaged)
            {
                Find(damaged.Message);
            }

            return null;
        }

        /// <summary>Compares the leaves of a range with their events and their sealed hashes.</summary>
        public async Task PieceAsync(TileAppender log, StoredPiece piece, Action compare, CancellationToken ct)
        {
            var next = piece.From;
            for (var row = 0; row < piece.Rows.Count; row++)
            {
                var position = piece.Rows.Position(row);
                if (position < next)
                {
                    Find($"There is more than one event with the id {IdOf(piece, row)}, at position {position}.", position, IdOf(piece, row));
                    continue;
                }

                for (; next < position; next++)
                    Missing(next);
                if (piece.HasEvent(row))
                    Leaf(piece, row);
                else
                    await GoneAsync(piece, position, ct);
                log.Append(_hash);
                next++;
                compare();
            }

            for (; next < piece.To; next++)
                Missing(next);

            void Missing(long position)
            {
                Find($"The log has no event at position {position}: its place was taken away.", position);
                var hash = piece.Sealed(position);
                Broken |= hash.IsEmpty;
                log.Append(hash.IsEmpty ? new byte[MerkleTree.HashSize] : hash);
                compare();
            }
        }

        // Each leaves the hash with which the tree goes on: what was sealed, as far as that can still be told, so that one change is one finding.
        private async Task GoneAsync(StoredPiece piece, long position, CancellationToken ct)
        {
            // A sealed record of the portal's says that retention took it; its hash is what is left to compare.
            if (prunable.Contains(position) && !piece.Sealed(position).IsEmpty)
                _pruned++;
            else
            {
                var id = _findings.Count < mostFindings ? await NamedAtAsync(position, ct) : "";
                Find($"The event {id} at position {position} is not in the database: it was taken away.", position, id);
                Broken |= piece.Sealed(position).IsEmpty;
            }

            Go(piece.Sealed(position));
        }

        private void Leaf(StoredPiece piece, int row)
        {
            var (position, changed) = (piece.Rows.Position(row), piece.Changed(row));
            var wasSealed = piece.Sealed(position);
            piece.Hash(row).CopyTo(_hash);
            if (wasSealed.SequenceEqual(_hash))
            {
                if (changed is not null || piece.Rows.Digests(row).Length % CanonicalEvent.DigestSize != 0)
                    Find($"The field digests of the event {IdOf(piece, row)} at position {position} were changed; the event was not.", position, IdOf(piece, row));
                return;
            }

            if (changed is { } field)
            {
                Find($"The event {IdOf(piece, row)} at position {position} was changed after it was sealed: {field.Name()} is now {Shown(Encoding.UTF8.GetString(piece.Rows[row, (int)field]))}.", position, IdOf(piece, row), field.Name());
                Broken |= wasSealed.IsEmpty;
                Go(wasSealed);
            }
            else
                Find(wasSealed.IsEmpty ? $"The sealed hash of the event {IdOf(piece, row)} at position {position} is missing." : $"The event {IdOf(piece, row)} at position {position} is not the one whose hash was sealed: the hash was changed, or the event and its field digests were.", position, IdOf(piece, row));
        }

        private static string IdOf(StoredPiece piece, int row) => Encoding.UTF8.GetString(piece.Rows[row, (int)EventField.EventId]);

        // The event that a place names, as it stands there.
        private async Task<string> NamedAtAsync(long position, CancellationToken ct)
        {
            await using var command = db.Database.GetDbConnection().CreateCommand();
            command.CommandText = "SELECT \"EventId\" FROM \"AuditLeaves\" WHERE \"Position\" = @position";
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ("@position", position);
            command.Parameters.Add(parameter);
            return Convert.ToString(await command.ExecuteScalarAsync(ct), CultureInfo.InvariantCulture)!.ToLowerInvariant();
        }

        private void Go(ReadOnlySpan<byte> hash)
        {
            if (!hash.IsEmpty)
                hash.CopyTo(_hash);
        }

        /// <summary>Compares the tree's tiles so far with those of the database.</summary>
        public async Task CompareTilesAsync(TileAppender log, CancellationToken ct)
        {
            var made = log.TakeChanged();
            var stored = await LogTiles.LoadAsync(db, made.Keys.ToHashSet(), ct);
            foreach (var (id, hashes) in made)
                if (!stored.TryGetValue(id, out var there) || there.Length < hashes.Length || !there.AsSpan(0, hashes.Length).SequenceEqual(hashes))
                    Tile(id);
        }

        private void Tile(TileId id)
        {
            if (_findings.Count == 0)
                Find($"Tile {id.Index} of level {id.Level} of the log was changed or taken away.", position: id.Index << ((id.Level + 1) * TileId.Height));
        }

        /// <summary>Looks for rows that nothing accounts for.</summary>
        public async Task CountsAsync(long size, CancellationToken ct)
        {
            await using var command = db.Database.GetDbConnection().CreateCommand();
            command.CommandText = """
                SELECT (SELECT count(*) FROM "AuditEvents"), (SELECT count(*) FROM "AuditLeaves"), (SELECT count(*) FROM "PendingSeals"),
                    (SELECT count(*) FROM "AuditTiles"), (SELECT coalesce(max("Position"), -1) FROM "AuditLeaves")
                """;
            long events, leaves, tiles, last;
            await using (var reader = await command.ExecuteReaderAsync(ct))
            {
                await reader.ReadAsync(ct);
                (events, leaves, _waiting, tiles, last) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
            }

            var expected = 0L;
            for (var level = 0; (last + 1) >> (level * TileId.Height) > 0; level++)
                expected += (((last + 1) >> (level * TileId.Height)) + TileId.Width - 1) / TileId.Width;
            if (tiles != expected)
                Find($"The log of {last + 1} events has {expected} tiles, and {tiles} are there.");
            if (events + _pruned == leaves + _waiting && _findings.Count == 0)
                return;
            foreach (var foreign in await db.AuditEvents.AsNoTracking().Where(e => !db.AuditLeaves.Any(l => l.EventId == e.EventId) && !db.PendingSeals.Any(p => p.EventId == e.EventId)).OrderBy(e => e.Sequence).Select(e => new { e.EventId, e.Sequence }).Take(10).ToListAsync(ct))
                Find($"The event {foreign.EventId}, number {foreign.Sequence}, was not written by the portal: it has no place in the log and waits for none.", eventId: foreign.EventId.ToString("D", CultureInfo.InvariantCulture));
            foreach (var lost in await db.PendingSeals.AsNoTracking().Where(p => !db.AuditEvents.Any(e => e.EventId == p.EventId)).OrderBy(p => p.Since).Take(10).ToListAsync(ct))
                Find($"The event {lost.EventId} was taken away before it was sealed.", eventId: lost.EventId.ToString("D", CultureInfo.InvariantCulture));
            foreach (var twice in await db.PendingSeals.AsNoTracking().Where(p => db.AuditLeaves.Any(l => l.EventId == p.EventId)).OrderBy(p => p.Since).Take(10).ToListAsync(ct))
                Find($"The event {twice.EventId} is sealed and was entered as waiting once more.", eventId: twice.EventId.ToString("D", CultureInfo.InvariantCulture));
        }

        private Checkpoint? Read(string text, IReadOnlyList<VerifierKey> keys, string where)
        {
            if (SignedNote.Parse(text) is not { } note || Checkpoint.Parse(note.Text) is not { } checkpoint)
            {
                Find($"A checkpoint in {where} cannot be read.");
                return null;
            }

            if (keys.Any(note.IsSignedBy))
                return checkpoint;
            Find($"The checkpoint of {checkpoint.Size} events in {where} is signed by none of the log's keys.", position: checkpoint.Size);
            return null;
        }

        // Text of a tampered row may hold anything.
        private static string Shown(string text)
        {
            var plain = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
            return text.Length == 0 ? "empty" : $"'{(plain.Length > 80 ? plain[..80] + "…" : plain)}'";
        }
    }
}
