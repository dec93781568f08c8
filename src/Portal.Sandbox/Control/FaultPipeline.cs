using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Portal.Sandbox.Control;

/// <summary>Puts a <see cref="FaultPlan"/> in front of the services on the https port.</summary>
internal static class FaultPipeline
{
    public static void UseFaults(this WebApplication app)
    {
        var plan = app.Services.GetRequiredService<SandboxControl>().Faults;
        app.Use(async (context, next) =>
        {
            var request = context.Request;
            var fault = request.IsHttps ? plan.Find(new FaultCall(request.Host.Host, request.Method, request.Path.ToString(), request.QueryString.ToString())) : null;
            await (fault switch
            {
                null => next(context),
                AnswerFault answer => AnswerAsync(context, next, answer),
                BreakFault { Point: BreakPoint.BeforeTheEffect } => BreakAsync(context),
                BreakFault b => BreakAfterAsync(context, next, half: b.Point == BreakPoint.InTheAnswer),
                DelayFault d => LateAsync(context, next, plan.WaitAsync(d.Time)),
                HoldFault h => LateAsync(context, next, h.Release),
                _ => throw new InvalidOperationException($"{fault.GetType().Name} is not known."),
            });
        });
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next, AnswerFault answer)
    {
        if (answer.AfterEffect)
        {
            await BufferedAsync(context, next);
            context.Response.Clear();
        }

        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers) context.Response.Headers[name] = value;
        if (answer.Body is null) return;
        context.Response.ContentType = answer.ContentType;
        await context.Response.WriteAsync(answer.Body);
    }

    private static Task BreakAsync(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private static async Task BreakAfterAsync(HttpContext context, RequestDelegate next, bool half)
    {
        var body = await BufferedAsync(context, next);
        if (half && body.Length > 1)
        {
            // The length still promises the whole.
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2));
            await context.Response.Body.FlushAsync();
        }

        context.Abort();
    }

    private static async Task LateAsync(HttpContext context, RequestDelegate next, Task wait)
    {
        // The whole call is here before it waits; from then on the caller may leave and it is carried out all the same.
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        body.Position = 0;
        context.Request.Body = body;
        context.RequestAborted = CancellationToken.None;
        await wait;
        await next(context);
    }

    private static async Task<byte[]> BufferedAsync(HttpContext context, RequestDelegate next)
    {
        var real = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = real;
        }

        return buffer.ToArray();
    }
}
